/** `/docs`: lists the routes of `/openapi.json` and tries them. No script or style of others, none inline. */
export const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export const DOCS_HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>API · Knowledge Assistant</title>
<link rel="stylesheet" href="/docs/page.css">
<script type="module" src="/docs/page.js"></script>
</head>
<body>
<header>
<h1>Knowledge Assistant API</h1>
<p><a href="/openapi.json">openapi.json</a></p>
<p><label>Access token or API key <input id="token" type="password" autocomplete="off" spellcheck="false"></label></p>
</header>
<main id="routes" aria-live="polite">Loading…</main>
<noscript>This page needs JavaScript; <a href="/openapi.json">the description</a> does not.</noscript>
</body>
</html>
`;

export const DOCS_CSS = `body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
details { border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .4rem; margin: .4rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary b { display: inline-block; min-width: 4.5rem; }
summary small { opacity: .75; }
label { display: block; margin: .5rem 0; }
input, textarea { font: inherit; width: 100%; box-sizing: border-box; }
textarea, pre { font: 14px/1.4 ui-monospace, monospace; }
textarea { min-height: 7rem; }
pre { overflow: auto; max-height: 30rem; background: color-mix(in srgb, currentColor 8%, transparent); padding: .6rem; white-space: pre-wrap; overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid #2563eb; outline-offset: 2px; }
`;

export const DOCS_JS = `const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};
const field = (label, input) => [element('label', {}, label, input), input];

/** A value that fits the schema, to begin from. */
const example = (schema = {}) => {
  if ('default' in schema) return schema.default;
  if (schema.enum) return schema.enum[0];
  const one = schema.anyOf?.[0] ?? schema.oneOf?.[0] ?? schema.allOf?.[0];
  if (one) return example(one);
  switch (schema.type) {
    case 'object': {
      const names = Object.keys(schema.properties ?? {}).filter((name) => schema.required?.includes(name));
      return Object.fromEntries(names.map((name) => [name, example(schema.properties[name])]));
    }
    case 'array': return schema.items ? [example(schema.items)] : [];
    case 'integer': case 'number': return schema.minimum ?? 0;
    case 'boolean': return false;
    default: return '';
  }
};

const operation = (path, method, { parameters = [], requestBody, security }) => {
  const form = element('form');
  const inputs = parameters.map((parameter) => {
    const [label, input] = field(parameter.name + ' (' + parameter.in + ')', element('input', { required: parameter.required }));
    form.append(label);
    return { ...parameter, input };
  });
  const json = requestBody?.content['application/json'];
  const multipart = requestBody?.content['multipart/form-data'];
  const [bodyLabel, body] = field('body', json
    ? element('textarea', { spellcheck: false, value: JSON.stringify(example(json.schema), null, 2) })
    : element('input', { type: 'file', multiple: true }));
  if (json || multipart) form.append(bodyLabel);
  const answer = element('pre', { hidden: true });
  form.append(element('button', { textContent: 'Send' }), answer);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    let url = path;
    const query = new URLSearchParams();
    for (const { name, in: place, input } of inputs) {
      if (place === 'path') url = url.replace('{' + name + '}', encodeURIComponent(input.value));
      else if (input.value !== '') query.set(name, input.value);
    }
    const headers = {};
    const token = document.getElementById('token').value.trim();
    if (token) headers.authorization = 'Bearer ' + token;
    let payload;
    if (json && body.value.trim() !== '') {
      headers['content-type'] = 'application/json';
      payload = body.value;
    } else if (multipart) {
      payload = new FormData();
      for (const file of body.files) payload.append('file', file, file.name);
    }
    answer.hidden = false;
    answer.textContent = 'Waiting…';
    try {
      const response = await fetch(url + (query.size ? '?' + query : ''), { method: method.toUpperCase(), headers, body: payload });
      const text = await response.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch {}
      answer.textContent = response.status + ' ' + response.statusText + '\\n\\n' + shown;
    } catch (error) {
      answer.textContent = String(error);
    }
  });
  const open = security?.length === 0 ? element('small', { textContent: ' open' }) : '';
  return element('details', {}, element('summary', {}, element('b', { textContent: method.toUpperCase() }), path, open), form);
};

const main = document.getElementById('routes');
try {
  const { paths } = await (await fetch('/openapi.json')).json();
  const groups = Map.groupBy(
    Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, described]) => ({ path, method, described }))),
    ({ described }) => described.tags[0],
  );
  main.replaceChildren(...[...groups].flatMap(([tag, all]) => [
    element('h2', { textContent: tag }),
    ...all.map(({ path, method, described }) => operation(path, method, described)),
  ]));
} catch (error) {
  main.textContent = 'The description could not be read: ' + error;
}
`;
