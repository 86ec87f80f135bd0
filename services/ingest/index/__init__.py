"""The tenant's search index as a whole: its generations, made anew, and compared with the database."""
