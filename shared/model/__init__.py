"""What things are: frozen models without behaviour that reaches outside. No network, no storage, no clock, no environment."""
