/** The routes of the server: tells 405 from 404, and tests what must be tested. */
export interface RouteTable {
  add(method: string | readonly string[], url: string): void;
  list(): readonly { readonly method: string; readonly url: string }[];
  /** The methods under which `path` would be found. */
  methodsOf(path: string): string[];
}

export function createRouteTable(): RouteTable {
  const routes: { readonly method: string; readonly url: string; readonly pattern: RegExp }[] = [];
  return {
    add(method, url) {
      const pattern = new RegExp(`^${url.replaceAll(/[.()+*]/g, '\\$&').replaceAll(/:[^/]+/g, '[^/]+')}$`);
      for (const one of [method].flat()) routes.push({ method: one as string, url, pattern });
    },
    list: () => routes,
    methodsOf: (path) => [
      ...new Set(routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)),
    ],
  };
}
