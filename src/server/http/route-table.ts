/** Which methods exist under which address: tells 405 from 404. */
export interface RouteTable {
  add(method: string | readonly string[], url: string): void;
  /** The methods under which `path` would be found. */
  methodsOf(path: string): string[];
}

export function createRouteTable(): RouteTable {
  const routes: { readonly method: string; readonly pattern: RegExp }[] = [];
  return {
    add(method, url) {
      if (url.endsWith('*')) return;
      const pattern = new RegExp(`^${url.replaceAll(/[.()+]/g, '\\$&').replaceAll(/:[^/]+/g, '[^/]+')}$`);
      for (const one of [method].flat()) routes.push({ method: one as string, pattern });
    },
    methodsOf: (path) => [
      ...new Set(routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)),
    ],
  };
}
