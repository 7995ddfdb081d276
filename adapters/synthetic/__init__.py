"""A population of invented people that looks, fails and lapses like a real one."""
