"""What is known of hosts, shared by all tenants: when each may be asked next, and its robots.txt."""
