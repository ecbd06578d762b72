"""Work on several processes or machines: rounds of a collect and batches of a build, over Dask's workers.

`CAMPAIGN_DASK` says where they are. Dask is imported only where it is set.
"""
