
const one = (id) => document.getElementById(id), all = (query) => [...document.querySelectorAll(query)];
for (const part of all("[data-script]")) part.hidden = false;
one("print").onclick = () => print();
one("copy").onclick = async () => {
  const box = document.body.appendChild(document.createElement("textarea"));
  box.value = JSON.parse(one("summary").textContent).text;
  box.select();
  const done = await navigator.clipboard?.writeText(box.value).then(() => true, () => false) || document.execCommand("copy");
  box.remove();
  one("copy").textContent = done ? "Copied" : "Not copied: see report.md";
};
if (one("open")) one("open").onclick = () => all("details").forEach((part) => (part.open = true));
if (one("filter")) one("filter").oninput = ({ target: { value } }) =>
  all("[data-nodes]").forEach((part) => (part.hidden = !part.dataset.nodes.toLowerCase().includes(value.trim().toLowerCase())));
