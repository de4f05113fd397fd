/** Something to measure: the product's server, or the floor. */
export interface Target {
  name: string;
  /** `http://host:port`. */
  url: string;
  token(role: 'client' | 'host', sub: string): string;
  stop(): Promise<void>;
}
