// The page of the all-in-one: sign in, see one's own reports, see what is public.
const at = (id) => document.getElementById(id);
let captchaId = "";
let token = "";

async function call(path, options = {}) {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(`/api/${path}`, { ...options, headers });
  const body = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.detail || body.title), { rule: body.type?.split("/").pop() });
  return body;
}

async function newCaptcha() {
  const captcha = await call("identity/captcha", { method: "POST", body: "{}" });
  captchaId = captcha.id;
  const box = at("captcha");
  box.querySelector("img").src = captcha.image;
  box.querySelector("audio").src = captcha.audio.startsWith("/") ? captcha.audio : `/api/identity/${captcha.audio}`;
  box.hidden = false;
}

at("other").addEventListener("click", newCaptcha);

at("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = new FormData(event.target);
  const body = { username: fields.get("username"), password: fields.get("password") };
  if (captchaId) Object.assign(body, { captcha_id: captchaId, captcha_answer: fields.get("code") });
  try {
    const session = await call("identity/sessions", { method: "POST", body: JSON.stringify(body) });
    token = session.access_token;
    await showWork(session.user);
  } catch (failure) {
    at("error").textContent = failure.message;
    at("error").hidden = false;
    at("error").focus();
    await newCaptcha();
  }
});

at("out").addEventListener("click", async () => {
  await call("identity/sessions/current", { method: "DELETE" });
  location.reload();
});

async function showWork(user) {
  at("login").hidden = true;
  at("out").hidden = false;
  at("work").hidden = false;
  const grant = user.grants[0];
  at("who").textContent = [user.name, grant?.role_word, grant?.unit?.name].filter(Boolean).join(" · ");
  const rows = await call("submissions/reports?limit=200").catch(() => ({ items: [] }));
  const table = at("reports");
  table.replaceChildren(row("th", ["Biểu mẫu", "Kỳ", "Đơn vị báo cáo", "Hạn nộp", "Trạng thái", "Lần trình"]));
  for (const one of rows.items) {
    const due = one.due_on ? one.due_on.split("-").reverse().join("/") : "";
    table.append(row("td", [one.template_name, one.period_title, one.unit.name, due, one.state_word, one.revision || "-"]));
  }
  if (!rows.items.length) table.append(row("td", ["Chưa có báo cáo nào."]));
}

function row(kind, texts) {
  const line = document.createElement("tr");
  for (const text of texts) line.append(Object.assign(document.createElement(kind), { textContent: text }));
  return line;
}

async function showPublic() {
  const releases = await call("aggregation/public/releases").catch(() => ({ items: [] }));
  const list = releases.items.map((one) => {
    const item = document.createElement("li");
    item.append(`${one.name} · ${one.period_title ?? one.period}: `);
    for (const kind of ["xlsx", "csv", "json"]) {
      item.append(Object.assign(document.createElement("a"), { href: `/api/aggregation/public/releases/${one.id}/data.${kind}`, textContent: kind }), " ");
    }
    return item;
  });
  if (list.length) at("public").replaceChildren(...list);
}

async function showDocuments() {
  const { services } = await (await fetch("/api")).json();
  for (const name of Object.keys(services)) {
    const item = document.createElement("li");
    item.append(Object.assign(document.createElement("a"), { href: services[name], textContent: `${name}: OpenAPI` }));
    at("docs").append(item);
  }
}

await Promise.all([showPublic(), showDocuments(), newCaptcha().catch(() => {})]);
