import { QueryClient } from '@tanstack/react-query';

/** Server state lives here and nowhere else. `client/http.ts` retries, so the cache does not. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { retry: false, staleTime: 15_000, gcTime: 5 * 60_000, refetchOnWindowFocus: true },
    mutations: { retry: false },
  },
});
