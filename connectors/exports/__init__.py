"""Exports that people download by hand from a platform's own pages, as CSV: what each says, and how it is
read.

Nothing here asks a network. `headers/*.toml` holds the columns of each known export (a table an export, with
how sure each header is), `files` opens what people hand in (encodings, delimiters, texts over several lines),
`cells` reads numbers, ids, days and moments, `rows` makes an export's rows into the objects, counters and
days of the platform whose numbers they are, and `judging` judges a file whole before anything of it lands.
What cannot be read for certain is refused with file, line, column and cure.
"""
