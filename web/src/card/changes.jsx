// changes.jsx: what a card changed, as diffs, and its files to take away.

import { useDataAt } from "../past/past.jsx";
import { download, id } from "../shared/api.js";
import { Diff } from "../shared/diff.jsx";
import { Empty, Failure, Loaded, useAct } from "../shared/feedback.jsx";
import { bytes } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { visible } from "../shared/visible.js";

const of = (card) => (event) => event.card === card.id && /^(turn\.ended|verify|card|tree)/.test(event.kind);

const Download = ({ path, name, act, children }) => (
  <button class="btn" disabled={act.busy} onClick={() => act.run(() => download(path, name))}>
    <Icon name="download" />
    {children}
  </button>
);

function Files({ card, at }) {
  const files = useDataAt(`/v1/cards/${id(card.id)}/files`, at, of(card)),
    act = useAct();
  const place = `/v1/cards/${id(at ? `${card.id}@${at}` : card.id)}`;
  return (
    <Loaded of={files}>
      {({ items }) =>
        items.length > 0 && (
          <details class="files">
            <summary>All files, {items.length}</summary>
            <div class="acts">
              <Download path={place + "/archive"} name={card.id + ".tar"} act={act}>
                Download archive
              </Download>
            </div>
            {act.error && <Failure error={act.error} />}
            <ul>
              {items.map((file) => (
                <li key={file.path} class="row">
                  <span class="mono grow wrap">{visible(file.path)}</span>
                  <span class="s m num">{bytes(file.size)}</span>
                  <Download
                    path={`${place}/file?path=${id(file.path)}`}
                    name={file.path.split("/").pop()}
                    act={act}
                  >
                    <span class="sr">Download {visible(file.path)}</span>
                  </Download>
                </li>
              ))}
            </ul>
          </details>
        )
      }
    </Loaded>
  );
}

export function Changes({ card, at }) {
  const diff = useDataAt(`/v1/cards/${id(card.id)}/diff`, at, of(card));
  return (
    <>
      <Loaded of={diff}>
        {(data) =>
          data.files.length === 0 ? (
            <Empty>No file was changed.</Empty>
          ) : (
            data.files.map((file) => <Diff key={file.path} file={file} />)
          )
        }
      </Loaded>
      <Files card={card} at={at} />
    </>
  );
}
