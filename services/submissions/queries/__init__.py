"""Everything that is read: reports within a caller's scope, forms, revisions, history, the chain. Writes nothing."""
