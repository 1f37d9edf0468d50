/**
 * Every error that a client can meet: code → HTTP status and title. The problem's `type` is
 * `urn:ka:error:` + the code in kebab case (RFC 9457).
 */
export const ERRORS = {
  // requests
  VALIDATION: { status: 400, title: 'The request is not valid' },
  MALFORMED_BODY: { status: 400, title: 'The body could not be read' },
  INVALID_CURSOR: { status: 400, title: 'The cursor is not valid' },
  UNAUTHENTICATED: { status: 401, title: 'Sign in first' },
  INVALID_CREDENTIALS: { status: 401, title: 'Email or password is wrong' },
  SESSION_ENDED: { status: 401, title: 'The session has ended' },
  FORBIDDEN: { status: 403, title: 'Not allowed' },
  REGISTRATION_DISABLED: { status: 403, title: 'Registration is closed' },
  ACCOUNT_SUSPENDED: { status: 403, title: 'The account is suspended' },
  BUDGET_EXCEEDED: { status: 403, title: 'The budget is used up' },
  NOT_FOUND: { status: 404, title: 'Not found' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'Method not allowed' },
  CONFLICT: { status: 409, title: 'Conflict with what is stored' },
  EMAIL_TAKEN: { status: 409, title: 'The email is already registered' },
  IDEMPOTENCY_CONFLICT: { status: 409, title: 'The idempotency key was used for another request' },
  DOCUMENT_TOO_LARGE: { status: 413, title: 'The file is too large' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is too large' },
  TOO_MANY_FILES: { status: 413, title: 'Too many files in one batch' },
  QUOTA_EXCEEDED: { status: 413, title: 'The storage quota is used up' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The content type is not supported' },
  RANGE_NOT_SATISFIABLE: { status: 416, title: 'The range lies outside the file' },
  RATE_LIMITED: { status: 429, title: 'Too many requests' },
  CANCELLED: { status: 499, title: 'Cancelled' },
  // fetching a page by URL
  URL_NOT_ALLOWED: { status: 400, title: 'The address may not be fetched' },
  URL_FETCH_FAILED: { status: 502, title: 'The address could not be fetched' },
  // parsing: reasons why a document is `failed`
  UNSUPPORTED_FORMAT: { status: 422, title: 'The format is not supported' },
  FILE_ENCRYPTED: { status: 422, title: 'The file is protected by a password' },
  FILE_BROKEN: { status: 422, title: 'The file is damaged' },
  FILE_EMPTY: { status: 422, title: 'The file has no content' },
  FILE_TOO_COMPLEX: { status: 422, title: 'The file unpacks to more than is allowed' },
  NEEDS_OCR: { status: 422, title: 'The file holds pictures of text only' },
  PARSE_TIMEOUT: { status: 422, title: 'Reading the file took too long' },
  PARSE_MEMORY: { status: 422, title: 'Reading the file took too much memory' },
  // the server's own
  FILE_MISSING: { status: 500, title: 'The stored file is missing' },
  INDEX_MISMATCH: { status: 503, title: 'The index was made by another embedding model' },
  UPSTREAM_UNAVAILABLE: { status: 503, title: 'A service that is needed does not answer' },
  DATABASE_LOCKED: { status: 503, title: 'The database is held by another program' },
  STORAGE_FULL: { status: 507, title: 'There is no room left' },
  STORAGE_READ_ONLY: { status: 507, title: 'Nothing can be stored right now' },
  OVERLOADED: { status: 503, title: 'Too busy right now' },
  SHUTTING_DOWN: { status: 503, title: 'Shutting down' },
  INTERNAL: { status: 500, title: 'Something went wrong on our side' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** `DOCUMENT_TOO_LARGE` → `urn:ka:error:document-too-large`. */
export const problemType = (code: ErrorCode): string =>
  `urn:ka:error:${code.toLowerCase().replaceAll('_', '-')}`;
