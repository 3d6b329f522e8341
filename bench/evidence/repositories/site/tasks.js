const list = document.getElementById("list");
const name = document.getElementById("name");

function showCount() {
  document.getElementById("count").textContent = list.children.length;
}

document.getElementById("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const item = document.createElement("li");
  item.textContent = name.value;
  item.addEventListener("click", () => {
    item.classList.toggle("done");
    showCount();
  });
  list.append(item);
  name.value = "";
  showCount();
});
