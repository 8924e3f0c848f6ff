/** A browser as far as a login needs one: cookies per host, redirects by hand, forms. */
export class Browser {
  readonly #jars = new Map<string, Map<string, string>>();

  cookies(url: string): ReadonlyMap<string, string> {
    return this.#jar(url);
  }

  setCookie(url: string, name: string, value: string): void {
    this.#jar(url).set(name, value);
  }

  /** One request; redirects are not followed. */
  async ask(url: string, init: RequestInit = {}): Promise<Response> {
    const jar = this.#jar(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(cookie === '' ? {} : { cookie }), ...(init.headers as { [name: string]: string }) };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0|expires=thu, 01 jan 1970/i.test(line) || value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  /** Posts a form as a page of `origin` would. */
  post(url: string, fields: { readonly [name: string]: string }, origin = new URL(url).origin): Promise<Response> {
    return this.ask(url, { method: 'POST', body: new URLSearchParams(fields), headers: { origin } });
  }

  /** Follows redirects and fills in the provider's forms as `account`, until it is back at `home`. */
  async login(start: string, account: string, home: string): Promise<Response> {
    let response = await this.ask(start);
    let at = start;
    for (let hop = 0; hop < 20; hop++) {
      const location = response.headers.get('location');
      if (location !== null) {
        at = new URL(location, at).href;
        if (at.startsWith(home) && !new URL(at).pathname.startsWith('/login/')) return response;
        response = await this.ask(at);
        continue;
      }
      const page = await response.text();
      const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1];
      if (at.startsWith(home) || action === undefined) return new Response(page, { status: response.status });
      const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? 'login';
      const fields: { [name: string]: string } =
        prompt === 'login' ? { prompt, login: account, password: 'x' } : { prompt };
      at = new URL(action, at).href;
      response = await this.post(at, fields);
    }
    throw new Error('the login does not end');
  }

  #jar(url: string): Map<string, string> {
    // As browsers do, by host without the port; the tests give each party a host of its own.
    const { host } = new URL(url);
    const jar = this.#jars.get(host) ?? new Map<string, string>();
    this.#jars.set(host, jar);
    return jar;
  }
}
