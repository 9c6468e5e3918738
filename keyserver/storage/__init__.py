"""The key server's database: tables, migrations, and one writer with many readers."""
