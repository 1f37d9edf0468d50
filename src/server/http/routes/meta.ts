import { publicConfig } from '../../../contract/system.ts';
import type { App } from '../app-types.ts';
import { DOCS_CSS, DOCS_HTML, DOCS_JS, DOCS_POLICY } from '../docs-page.ts';
import type { OpenApi } from '../openapi.ts';
import type { Services } from '../services.ts';

/** What a client must know before it signs in: limits and formats, and the description of the API. */
export function registerMetaRoutes(
  app: App,
  { config, version, formats, models }: Services,
  openApi: OpenApi,
): void {
  app.get(
    '/api/v1/config',
    { config: { access: 'open' }, schema: { response: { 200: publicConfig } } },
    () => ({
      version,
      registrationEnabled: config.registrationEnabled,
      maxUploadMb: config.uploads.maxBytes / (1024 * 1024),
      maxBatchFiles: config.uploads.maxBatchFiles,
      formats: formats.map(({ mimeType, extensions }) => ({ mimeType, extensions: [...extensions] })),
      models: [...models],
    }),
  );

  app.get('/openapi.json', { config: { access: 'open' } }, () => openApi.document());

  for (const [url, type, text] of [
    ['/docs', 'text/html', DOCS_HTML],
    ['/docs/page.css', 'text/css', DOCS_CSS],
    ['/docs/page.js', 'text/javascript', DOCS_JS],
  ] as const) {
    app.get(url, { config: { access: 'open', hidden: true } }, (_request, reply) =>
      reply
        .headers({
          'content-type': `${type}; charset=utf-8`,
          'content-security-policy': DOCS_POLICY,
          'cache-control': 'no-cache',
        })
        .send(text),
    );
  }
}
