"""The arithmetic of reports: figures and their hash, carried cells, routes, lateness, proofs. Pure; reads no table."""
