// Starts GraphiQL over the address that served the page.

// What GraphiQL makes style sheets with at run time (get-nonce) asks for it here: the page's policy wants one.
window.__webpack_nonce__ = document.currentScript.nonce;

const firstQuery = `# Ctrl-Enter runs this, Ctrl-Space completes words.
# The book on the left shows all that can be asked for.

query FromFlowsToArtifacts {
  flows(first: 5) {
    nodes {
      name
      latestRun {
        pathspec
        status
        user
        createdAt
        durationMs
        steps {
          name
          status
          tasks(first: 3) {
            nodes {
              pathspec
              status
              artifacts {
                name
                type
                preview(length: 60)
              }
            }
          }
        }
      }
    }
  }
}
`;

const endpoint = new URL(window.location.pathname, window.location.origin);
const socket = new URL(endpoint);
socket.protocol = socket.protocol === "https:" ? "wss:" : "ws:";

// In memory alone: it ends with the page.
let token = "";
let asking = null;
let declined = false;

// A token from whoever sits there, empty without one; all requests that are refused meanwhile wait for the same.
function askForToken() {
  asking ??= new Promise((resolve) => {
    const dialog = document.getElementById("asking");
    const field = document.getElementById("token");
    document.getElementById("wanted").textContent = token
      ? "The gateway does not take this token. Another one:"
      : "The gateway asks for a token:";
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      token = dialog.returnValue ? field.value.trim() : "";
      declined = !token;
      field.value = "";
      asking = null;
      resolve(token);
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}

// fetch, with the token; asks for one where the gateway wants it, and again where it takes another.
async function fetchWithToken(url, options) {
  const headers = new Headers(options.headers);
  if (headers.has("authorization")) return fetch(url, options); // of the editor for headers
  const sent = token;
  if (sent) headers.set("authorization", `Bearer ${sent}`);
  const answer = await fetch(url, { ...options, headers });
  if (answer.status !== 401) return answer;
  // GraphiQL asks for the schema twice before it goes without.
  if (declined && JSON.parse(options.body).operationName === "IntrospectionQuery") return answer;
  const given = token !== sent ? token : await askForToken();
  return given ? fetchWithToken(url, options) : answer;
}

const fetcher = GraphiQL.createFetcher({ url: endpoint.href, subscriptionUrl: socket.href, fetch: fetchWithToken });

// ?query=…&variables=… in the address opens that instead: an answer can be shared as a link.
const given = new URLSearchParams(window.location.search);

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultQuery: firstQuery,
    query: given.get("query") ?? undefined,
    variables: given.get("variables") ?? undefined,
    defaultEditorToolsVisibility: false,
    inputValueDeprecation: true,
    showPersistHeadersSettings: false, // a token typed there is not to be kept either
  }),
);
