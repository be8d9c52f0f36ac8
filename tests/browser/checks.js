// What a person would see, measured on the rendered page. Each check returns a list of sentences, empty where all is well.
(() => {
  const shorten = (text) => text.trim().replace(/\s+/g, " ").slice(0, 60);
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  };

  // --- colors
  const parse = (text) => {
    const parts = text.match(/[\d.]+/g);
    if (!parts || text === "none" || text.startsWith("url")) return null;
    const [red, green, blue, alpha = 1] = parts.map(Number);
    return { red, green, blue, alpha };
  };
  const over = (top, bottom) => {
    const mix = (name) => top[name] * top.alpha + bottom[name] * (1 - top.alpha);
    return { red: mix("red"), green: mix("green"), blue: mix("blue"), alpha: 1 };
  };
  const luminance = ({ red, green, blue }) => {
    const linear = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const opacity = (element, root) => {
    let value = 1;
    for (let at = element; at && at !== root.parentElement; at = at.parentElement) value *= Number(getComputedStyle(at).opacity);
    return value;
  };
  // The color under a point: the page's, then what is drawn inside the picture before the text, in its order.
  const backdrop = (text, svg, x, y) => {
    const behind = [];
    for (let at = svg; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color && color.alpha) behind.unshift(color);
    }
    let color = behind.reduce((bottom, top) => over(top, bottom), { red: 255, green: 255, blue: 255, alpha: 1 });
    for (const shape of svg.querySelectorAll("rect, path, circle, ellipse, polygon")) {
      if (shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_PRECEDING || shape.closest("defs, clipPath, mask")) continue;
      const style = getComputedStyle(shape), fill = parse(style.fill), matrix = shape.getScreenCTM();
      if (!fill || !matrix || style.display === "none" || style.visibility === "hidden") continue;
      if (!shape.isPointInFill(new DOMPoint(x, y).matrixTransform(matrix.inverse()))) continue;
      color = over({ ...fill, alpha: fill.alpha * Number(style.fillOpacity) * opacity(shape, svg) }, color);
    }
    return color;
  };

  window.checks = {
    open: () => document.querySelectorAll("details").forEach((one) => (one.open = true)),

    // Text in pictures: WCAG 1.4.3, which axe does not compute there.
    contrast: (least) => {
      const found = [];
      for (const svg of document.querySelectorAll("svg")) {
        for (const text of svg.querySelectorAll("text")) {
          if (!text.textContent.trim() || !shown(text)) continue;
          const box = text.getBoundingClientRect(), style = getComputedStyle(text);
          const color = parse(style.fill);
          if (!color) continue;
          const below = backdrop(text, svg, box.x + box.width / 2, box.y + box.height / 2);
          const drawn = over({ ...color, alpha: color.alpha * Number(style.fillOpacity) * opacity(text, svg) }, below);
          const ratio = contrast(drawn, below);
          if (ratio < least) found.push(`${ratio.toFixed(2)} : 1 for "${shorten(text.textContent)}" in "${shorten(svg.getAttribute("aria-label") || svg.querySelector("title")?.textContent || "a picture")}"`);
        }
      }
      return found;
    },

    // Pictures are drawn in the size that they were made for: letters neither shrink nor grow with the window.
    letters: (least) => {
      const found = [];
      for (const text of document.querySelectorAll("svg text")) {
        if (!text.textContent.trim() || !shown(text)) continue;
        const matrix = text.getScreenCTM(), scale = Math.sqrt(Math.abs(matrix.a * matrix.d - matrix.b * matrix.c));
        const size = parseFloat(getComputedStyle(text).fontSize) * scale;
        if (size < least) found.push(`${size.toFixed(1)} px for "${shorten(text.textContent)}"`);
        if (scale > 1.05) found.push(`blown up ${scale.toFixed(2)} times: "${shorten(text.textContent)}"`);
      }
      return found;
    },

    // A column in which each line holds a word or two.
    narrow: (words, rem) => {
      const found = [], width = rem * parseFloat(getComputedStyle(document.documentElement).fontSize);
      for (const cell of document.querySelectorAll("td, th, dd, dt")) {
        const text = cell.textContent.trim(), parts = text.split(/[ \t\r\n]+/).length; // a no-break space parts no words
        if (parts <= words || !shown(cell)) continue;
        const style = getComputedStyle(cell), box = cell.getBoundingClientRect();
        const lines = (box.height - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom)) / parseFloat(style.lineHeight);
        if (box.width < width && lines > 1.5) found.push(`${Math.round(box.width)} px for "${shorten(text)}"`);
      }
      return found;
    },

    // What is wider than the window, and not inside a region that scrolls by itself.
    wide: () => {
      const width = document.documentElement.clientWidth, found = [];
      if (document.documentElement.scrollWidth > width) found.push(`the page is ${document.documentElement.scrollWidth} px wide`);
      for (const element of document.body.querySelectorAll("*")) {
        if (!shown(element) || element.getBoundingClientRect().right <= width + 1) continue;
        let inside = false;
        for (let at = element.parentElement; at; at = at.parentElement) {
          inside ||= ["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(at).overflowX);
        }
        if (!inside) found.push(`<${element.localName} class="${element.getAttribute("class") || ""}"> ends at ${Math.round(element.getBoundingClientRect().right)} px`);
      }
      return found.slice(0, 5);
    },
  };
})();
