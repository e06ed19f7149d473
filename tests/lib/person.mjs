// A person with a browser that runs no JavaScript: keeps cookies by host name, follows redirects when told to, fills in
// the forms that the pages show.
import * as cheerio from "cheerio";
import { randomBytes } from "node:crypto";

export class Person {
  constructor(deployment, { name = "Alice Example" } = {}) {
    this.deployment = deployment;
    this.name = name;
    this.email = `${randomBytes(6).toString("hex")}@example.test`;
    this.password = `correct horse ${randomBytes(8).toString("hex")}`;
    this.jar = new Map();
  }

  cookie(name) {
    return [...(this.jar.get("localhost") ?? [])].find(([key]) => key === name)?.[1];
  }

  /** One request, no redirect followed. */
  async request(url, { method = "GET", headers = {}, body } = {}) {
    const { hostname } = new URL(url);
    const cookies = [...(this.jar.get(hostname) ?? [])].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { method, body, redirect: "manual", headers: { ...(cookies ? { cookie: cookies } : {}), ...headers } });
    this.keep(hostname, response);
    return response;
  }

  keep(hostname, response) {
    const jar = this.jar.get(hostname) ?? new Map();
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(";");
      const at = pair.indexOf("=");
      const gone = attributes.some((a) => /^\s*max-age=0$/i.test(a));
      if (gone) jar.delete(pair.slice(0, at).trim());
      else jar.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
    }
    this.jar.set(hostname, jar);
  }

  /** Follows redirects as long as they stay on AuthCo; returns the last response with its address. */
  async open(url, init) {
    let address = url;
    let response = await this.request(url, init);
    for (let hops = 0; hops < 10 && response.status >= 300 && response.status < 400; hops++) {
      const next = new URL(response.headers.get("location"), address).href;
      if (new URL(next).hostname !== "localhost") return { response, address: next, left: true };
      address = next;
      response = await this.request(next);
    }
    return { response, address, html: await response.text() };
  }

  /** Posts the form of a page, with `changes` to its fields and the named button pressed. */
  submit({ html, address }, { button, changes = {}, drop = [], selector = "form" } = {}) {
    const form = formOf(html, address, { button, selector });
    for (const [name, value] of Object.entries(changes)) {
      form.fields = form.fields.filter(([key]) => key !== name);
      for (const one of [value].flat()) form.fields.push([name, one]);
    }
    form.fields = form.fields.filter(([name]) => !drop.includes(name));
    return this.open(form.action, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", origin: this.deployment.origin },
      body: new URLSearchParams(form.fields).toString(),
    });
  }

  api(path, body, headers = {}) {
    return this.request(`${this.deployment.issuer}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: this.deployment.origin, ...headers },
      body: JSON.stringify(body),
    });
  }

  async signUp() {
    const response = await this.api("/sign-up/email", { name: this.name, email: this.email, password: this.password });
    if (response.status !== 200) throw new Error(`sign-up answered ${response.status}: ${await response.text()}`);
    return response.json();
  }

  signIn(password = this.password) {
    return this.api("/sign-in/email", { email: this.email, password });
  }

  async session() {
    return (await this.request(`${this.deployment.issuer}/get-session`)).json();
  }
}

/** The form on a page: where it posts, and what a browser would send. */
export function formOf(html, address, { button, selector = "form" } = {}) {
  const $ = cheerio.load(html);
  let form = $(selector).filter((_, f) => !button || $(f).find(`button[value="${button}"], button[name="${button}"]`).length > 0).first();
  if (form.length === 0) throw new Error(`no form ${selector} ${button ?? ""} on ${address}:\n${$("main").text().replace(/\s+/g, " ").slice(0, 400)}`);
  const fields = [];
  form.find("input, select, textarea").each((_, input) => {
    const { name, type, value } = input.attribs;
    if (!name || "disabled" in input.attribs) return;
    if ((type === "checkbox" || type === "radio") && !("checked" in input.attribs)) return;
    fields.push([name, value ?? (type === "checkbox" ? "on" : "")]);
  });
  if (button) {
    const pressed = form.find(`button[value="${button}"], button[name="${button}"]`).first();
    if (pressed.attr("name")) fields.push([pressed.attr("name"), pressed.attr("value") ?? ""]);
  }
  return { action: new URL(form.attr("action") || address, address).href, fields };
}

export const text = (html) => cheerio.load(html)("body").text().replace(/\s+/g, " ");
