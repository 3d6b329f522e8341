import { render } from "preact";
import "./style/tokens.css";
import "./style/base.css";
import { App } from "./app.jsx";

render(<App />, document.getElementById("app"));
