"""What people read: reasons, rules, hours and nights as sentences in four languages."""
