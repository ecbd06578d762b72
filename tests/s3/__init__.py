"""The lake in a bucket: a store that speaks S3 over loopback, machines that work on one lake, and processes
that are killed while they do."""
