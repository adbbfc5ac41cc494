"""Microsoft Graph mail, version 1.0: what goes over the wire. The state lives in ``emulator.state``."""
