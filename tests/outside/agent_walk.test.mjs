// The walk of a published agent client, wire-faithful, with and without `iss` in its agent JWTs (Agent Auth §4.3).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { Deployment, targets } from "../lib/servers.mjs";
import { Person } from "../lib/person.mjs";
import { decide } from "../lib/agent.mjs";

for (const target of targets) {
  describe(`agent walk on ${target.name}`, () => {
    let deployment, hook, person;
    before(async () => {
      deployment = await Deployment.start(target);
      // The walk asks for approvals here; the person gives them on the device page.
      hook = createServer(async (request, response) => {
        let body = "";
        for await (const chunk of request) body += chunk;
        const page = await decide(person, JSON.parse(body).approval);
        response.writeHead(page.response.status).end("{}");
      }).listen(0, "127.0.0.1");
      await once(hook, "listening");
    });
    after(async () => {
      hook?.close();
      await deployment?.close();
    });

    for (const options of [[], ["--strict-iss"]]) {
      test(`every step passes ${options.join(" ")}`, async () => {
        person = new Person(deployment);
        await person.signUp();
        const walk = spawn(process.execPath, [new URL("../lib/agent_walk.mjs", import.meta.url).pathname, deployment.origin, "--client=wire", `--approver=post:http://127.0.0.1:${hook.address().port}/`, ...options]);
        let said = "";
        walk.stdout.on("data", (chunk) => (said += chunk));
        walk.stderr.on("data", (chunk) => (said += chunk));
        const [code] = await once(walk, "exit");
        assert.equal(code, 0, said);
        assert.match(said, /22 ok, 0 failed/);
      });
    }
  });
}
