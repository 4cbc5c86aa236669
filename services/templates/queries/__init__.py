"""SELECT → read models. Queries that not everybody may see all of take the caller's scope."""
