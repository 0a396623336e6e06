"""HTML: views and Flask-WTF forms. Imports http, catalogue, inputs, models and errors; not the other face."""
