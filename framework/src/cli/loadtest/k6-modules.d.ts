/** What is used here of k6's own modules; k6 resolves them, and ships no types. */
declare module 'k6/websockets' {
  export class WebSocket {
    constructor(url: string, protocols?: string | null, params?: { tags?: Record<string, string> });
    binaryType: 'arraybuffer' | 'blob';
    readyState: number;
    send(data: ArrayBuffer): void;
    close(code?: number): void;
    onopen: (() => void) | null;
    onmessage: ((event: { data: ArrayBuffer; timestamp: number }) => void) | null;
    onerror: ((event: { error: string }) => void) | null;
    onclose: ((event: { code: number; reason: string }) => void) | null;
  }
}

declare module 'k6/http' {
  export interface Response {
    readonly status: number;
    readonly body: string;
    readonly headers: Readonly<Record<string, string>>;
  }
  const http: {
    post(
      url: string,
      body: string,
      params?: { headers?: Record<string, string>; tags?: Record<string, string> },
    ): Response;
  };
  export default http;
}

declare module 'k6/execution' {
  const exec: { readonly instance: { readonly currentTestRunDuration: number } };
  export default exec;
}
