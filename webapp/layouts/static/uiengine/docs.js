/** The documentation pages: Swagger UI from its installed package, and buttons that copy. */

const swagger = document.querySelector('#swagger');
if (swagger) {
  const csrf = document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1];
  globalThis.SwaggerUIBundle({
    url: swagger.dataset.schema,
    domNode: swagger,
    defaultModelsExpandDepth: -1, // every operation shows its own
    requestInterceptor: (request) => {
      if (csrf) request.headers['X-CSRFToken'] = csrf;
      return request;
    },
  });
}

for (const button of document.querySelectorAll('.copy')) {
  button.hidden = !navigator.clipboard;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(button.nextElementSibling.textContent);
    button.textContent = button.dataset.done;
  });
}
