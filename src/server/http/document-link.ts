import type { FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';

/** A passage: offsets into the page's extracted text, as citations and hits have them. */
export interface Passage {
  readonly documentId: string;
  readonly page: number;
  readonly start: number;
  readonly end: number;
}

export type DocumentLink = (to: { readonly documentId: string } | Passage) => string;

/**
 * Addresses of documents and passages in the web app, under PUBLIC_URL. Where none is set, under the address
 * that the request itself was sent to: it is known to be reached by who asks.
 */
export function documentLinks(config: Config, request: FastifyRequest): DocumentLink {
  const base = baseUrl(config, request);
  return (to) => {
    const url = `${base}/library/${encodeURIComponent(to.documentId)}`;
    return 'page' in to ? `${url}?page=${to.page}&start=${to.start}&end=${to.end}` : url;
  };
}

function baseUrl({ publicUrl, listen }: Config, { protocol, host }: FastifyRequest): string {
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, '');
  const asked = `${protocol}://${host}`;
  // a client may write anything into its host header
  return URL.canParse(asked) ? new URL(asked).origin : `http://${listen.host}:${listen.port}`;
}
