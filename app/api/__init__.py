"""JSON: routes and response schemas. Imports http, catalogue, inputs, models and errors; not the other face."""
