// Starts and ends the reference servers, on loopback, on memory, SQLite or PostgreSQL.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync, appendFileSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const target = process.env.CARGO_TARGET_DIR ?? new URL("../../target", import.meta.url).pathname;
const profile = process.env.COUNTERSIGN_PROFILE ?? "debug";

/** The pairs of framework and database that the suite runs on. `COUNTERSIGN_TARGETS=axum:sqlite,…` narrows it. */
export const targets = (process.env.COUNTERSIGN_TARGETS ?? "axum:memory,axum:sqlite,axum:postgres,actix:memory,actix:sqlite,actix:postgres")
  .split(",")
  .map((name) => ({ name, framework: name.split(":")[0], database: name.split(":")[1] }));

/** Those of `targets` whose database several processes can share, one framework each. */
export const shared = targets.filter((t) => t.framework === "axum" && t.database !== "memory");

export async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

export const notesSecret = randomBytes(32).toString("base64url");
export const otherSecret = randomBytes(32).toString("base64url");
export const machineSecret = randomBytes(32).toString("base64url");
export const redirectUri = "http://127.0.0.1:4999/callback";

/** The clients that every test server knows, with the member names of RFC 7591. */
export const clients = [
  {
    client_id: "notes",
    client_secret: notesSecret,
    client_name: "Notes",
    client_uri: "http://127.0.0.1:4999",
    redirect_uris: [redirectUri, "http://127.0.0.1:4999/second"],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    application_type: "web",
    token_endpoint_auth_method: "client_secret_basic",
    scope: "openid profile email offline_access notes:read notes:write",
    resource: "http://127.0.0.1:8999",
    resources: ["http://127.0.0.1:8999", "http://127.0.0.1:8998"],
  },
  {
    client_id: "other",
    client_secret: otherSecret,
    client_name: "Other",
    client_uri: "http://127.0.0.1:4999",
    redirect_uris: ["http://127.0.0.1:4999/other"],
    grant_types: ["authorization_code", "refresh_token", "client_credentials"],
    response_types: ["code"],
    application_type: "web",
    token_endpoint_auth_method: "client_secret_post",
    scope: "openid profile offline_access notes:read",
    resource: "http://127.0.0.1:8999",
  },
  {
    client_id: "cli",
    client_name: "Command line",
    redirect_uris: ["http://127.0.0.1/callback"],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    application_type: "native",
    token_endpoint_auth_method: "none",
    scope: "openid profile offline_access notes:read",
    resource: "http://127.0.0.1:8999",
  },
  {
    client_id: "machine",
    client_secret: machineSecret,
    client_name: "Machine",
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: "client_secret_basic",
    scope: "notes:read",
    resource: "http://127.0.0.1:8999",
  },
];

/**
 * One deployment: an issuer, a database, and as many server processes as asked for.
 * Call `close()` in an `after` hook. `logs()` is everything that the processes wrote at the most verbose level.
 */
export class Deployment {
  static async start({ framework, database }, { processes = 1, env = {} } = {}) {
    const deployment = new Deployment();
    deployment.framework = framework;
    deployment.folder = mkdtempSync(join(tmpdir(), "countersign-"));
    deployment.logFile = join(deployment.folder, "log");
    appendFileSync(deployment.logFile, "");
    deployment.secret = randomBytes(32).toString("base64url");
    const ports = await Promise.all(Array.from({ length: processes }, freePort));
    deployment.origin = `http://localhost:${ports[0]}`;
    deployment.issuer = `${deployment.origin}/api/auth`;
    const clientsFile = join(deployment.folder, "clients.json");
    writeFileSync(clientsFile, JSON.stringify(clients));
    deployment.env = {
      PATH: process.env.PATH,
      COUNTERSIGN_ISSUER: deployment.issuer,
      COUNTERSIGN_SECRET: deployment.secret,
      COUNTERSIGN_CLIENTS: clientsFile,
      COUNTERSIGN_DATABASE: await databaseUrl(database, deployment.folder),
      COUNTERSIGN_AUTONOMOUS: "1",
      // Limits per address and agent would stop the suite, which is one address; those per account stay as they are.
      COUNTERSIGN_LIMITS_TIMES: "1000",
      COUNTERSIGN_APPROVAL_INTERVAL_SECONDS: "1",
      RUST_LOG: "trace",
      ...env,
    };
    deployment.processes = [];
    for (const port of ports) await deployment.add(port);
    return deployment;
  }

  /** Starts one more process on the same database. */
  async add(port) {
    const child = spawn(join(target, profile, `countersign-${this.framework}-issuer`), [], {
      env: { ...this.env, COUNTERSIGN_LISTEN: `127.0.0.1:${port}` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    // Also when a test or a measurement ends in an error.
    process.once("exit", () => child.kill("SIGKILL"));
    const process_ = { child, port, origin: `http://localhost:${port}`, exited: once(child, "exit") };
    child.stderr.on("data", (chunk) => appendFileSync(this.logFile, chunk));
    const lines = createInterface({ input: child.stdout });
    const ready = new Promise((resolve, reject) => {
      lines.on("line", (line) => {
        appendFileSync(this.logFile, `${line}\n`);
        if (line.includes('"ready":true')) resolve();
      });
      child.on("exit", (code) => reject(new Error(`server ended with ${code} before it was ready:\n${this.logs().slice(-2000)}`)));
    });
    await ready;
    this.processes.push(process_);
    return process_;
  }

  logs() {
    return readFileSync(this.logFile, "utf8");
  }

  /** The address of process `n` for a URL of the issuer. */
  at(url, n) {
    return url.replace(this.origin, this.processes[n % this.processes.length].origin);
  }

  async close() {
    for (const { child } of this.processes ?? []) child.kill("SIGTERM");
    await Promise.all((this.processes ?? []).map(({ exited }) => exited));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

let schemas = 0;
async function databaseUrl(database, folder) {
  switch (database) {
    case "memory":
      return "memory:";
    case "sqlite":
      return `sqlite:${join(folder, "authco.db")}`;
    case "postgres": {
      const url = process.env.COUNTERSIGN_TEST_POSTGRES;
      if (!url) throw new Error("COUNTERSIGN_TEST_POSTGRES is not set: run ./test");
      // A schema of its own for each deployment.
      const schema = `outside_${process.pid}_${++schemas}`;
      return `${url}${url.includes("?") ? "&" : "?"}schema=${schema}`;
    }
    default:
      throw new Error(`unknown database ${database}`);
  }
}
