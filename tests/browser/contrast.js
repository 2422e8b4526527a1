// Every visible text whose contrast with what is behind it is below 4.5 (WCAG 2.1, AA), with that contrast.
() => {
    const pixel = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
    const brush = pixel.getContext("2d", { willReadFrequently: true });
    const colour = (css) => {
        brush.clearRect(0, 0, 1, 1);
        brush.fillStyle = css;
        brush.fillRect(0, 0, 1, 1);
        const [red, green, blue, alpha] = brush.getImageData(0, 0, 1, 1).data;
        return [red, green, blue, alpha / 255];
    };
    const over = (front, back) => [0, 1, 2].map((i) => front[i] * front[3] + back[i] * (1 - front[3]));
    const linear = (value) => (value <= 10 ? value / 3295 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    const luminance = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    const faint = [];
    const texts = document.createTreeWalker(document.querySelector("[data-testid=stMain]"), NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const element = texts.currentNode.parentElement;
        const words = texts.currentNode.textContent.trim();
        const shown = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
        if (!words || !shown || element.closest("style, canvas, :disabled, [data-testid=stSlider]")) continue;
        let back = [255, 255, 255];
        let opacity = 1;
        const nested = [];
        for (let outer = element; outer; outer = outer.parentElement) nested.unshift(getComputedStyle(outer));
        for (const style of nested) {
            back = over(colour(style.backgroundColor), back);
            opacity *= Number(style.opacity);
        }
        const style = getComputedStyle(element); // the words of a chart are filled, all others coloured
        const [red, green, blue, alpha] = colour(element instanceof SVGElement ? style.fill : style.color);
        const levels = [luminance(over([red, green, blue, alpha * opacity], back)), luminance(back)];
        const contrast = (Math.max(...levels) + 0.05) / (Math.min(...levels) + 0.05);
        if (contrast < 4.5) faint.push(`${words.slice(0, 60)}: ${contrast.toFixed(2)}`);
    }
    return faint;
}
