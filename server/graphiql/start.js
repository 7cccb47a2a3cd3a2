// Starts GraphiQL over the address that served the page.

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

const fetcher = GraphiQL.createFetcher({ url: endpoint.href, subscriptionUrl: socket.href });

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
  }),
);
