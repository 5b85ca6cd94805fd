"""An emulator of Entra ID, Microsoft Graph security and the Defender API."""
