"""The JSON routes and their OpenAPI document."""
