"""What door controllers are given and tell: certificates, bundles, settings, updates, journals."""
