"""The papers of the installation, and what prints them."""
