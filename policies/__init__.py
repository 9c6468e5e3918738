"""Who may pass where and when: what staff write, what it means, the grant it leaves."""
