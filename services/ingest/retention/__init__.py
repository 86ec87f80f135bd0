"""What is kept for how long: rules of a tenant, what they would do, and doing it every night."""
