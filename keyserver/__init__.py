"""The key server: issues short-lived signed credentials by the published policies."""
