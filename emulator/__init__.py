"""A stand-in for the clouds, for development and tests: Entra, Microsoft Graph mail, Google's sign-in and a webhook
sink.

Start it with ``python -m emulator --directory DIR``, or in process with ``emulator.server.EmulatorThread``. It imports
nothing of the product. Comments name the page of the vendor's documentation that a behaviour stands for; what is
known from threads only, or not certain, is a field of ``emulator.behaviour.Behaviour`` and can be switched both ways.
"""
