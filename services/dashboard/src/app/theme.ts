/** Mantine's theme: defaults that the Content-Security-Policy and the accessibility rules ask for. */
import { createTheme, type MantineColorsTuple } from "@mantine/core";

const accent: MantineColorsTuple = [
  "#eef4fc",
  "#d9e5f7",
  "#b1c9ee",
  "#87ace5",
  "#6493de",
  "#4f83d9",
  "#1f5fbf",
  "#1a52a6",
  "#154691",
  "#0f3a7b",
];

/** `lockScroll` writes a style element at run time, which the policy blocks. */
const overlay = { lockScroll: false, centered: true };

export const theme = createTheme({
  primaryColor: "accent",
  colors: { accent },
  defaultRadius: 6,
  fontFamily: "Inter, system-ui, sans-serif",
  cursorType: "pointer",
  // Named, not imported: a screen that shows a dialog loads it.
  components: {
    Modal: { defaultProps: overlay },
    Drawer: { defaultProps: { lockScroll: false, position: "right" } },
    Button: { defaultProps: { size: "sm" } },
    ActionIcon: { defaultProps: { variant: "subtle" } },
    TextInput: { defaultProps: { size: "sm" } },
  },
});
