// Shows the contract of this very service; asks nobody else for anything.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#contract",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  // A key typed into the page is gone when the page is.
  persistAuthorization: false,
  // The public validator would be sent our address.
  validatorUrl: null,
});
