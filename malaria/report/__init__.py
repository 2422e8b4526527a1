"""Reports as one HTML file: templates, tables and charts."""
