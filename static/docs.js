const place = document.getElementById("swagger-ui");
SwaggerUIBundle({ domNode: place, url: place.dataset.url, deepLinking: true, validatorUrl: null });
