// Starts Swagger UI. In a file of its own: the Content-Security-Policy forbids inline scripts.
"use strict";

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  tagsSorter: "alpha",
  tryItOutEnabled: true,
  validatorUrl: null, // the default sends the document to a server on the internet
});
