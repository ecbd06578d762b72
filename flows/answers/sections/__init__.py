"""What stands on a report's page, a module each part of it: questions to the tables, and their answers as
sections of tables and charts."""
