"""Pure arithmetic of templates: publishing checks, comparison of versions, due dates, routes, openings. Reads no database."""
