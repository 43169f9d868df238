/**
 * What an orchestrator asks: `/healthz` (the process answers), `/readyz` (it takes new clients; 503 while it starts or
 * closes, with the reason), `/metrics` (Prometheus text).
 */
import type { Metrics } from '../../telemetry/metrics.ts';
import { type HttpHandler, text } from './handler.ts';

export interface Health {
  /** Undefined when ready, else why not. */
  notReady(): string | undefined;
  readonly metrics: Metrics;
}

export function healthRoutes({ notReady, metrics }: Health): HttpHandler {
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
    switch (new URL(request.url).pathname) {
      case '/healthz':
        return text(200, 'ok');
      case '/readyz': {
        const reason = notReady();
        return reason === undefined ? text(200, 'ready') : text(503, reason);
      }
      case '/metrics':
        return new Response(await metrics.text(), { headers: { 'content-type': metrics.contentType } });
      default:
        return undefined;
    }
  };
}
