// The lattice as a picture: sites at rest, sites that remember, and excitons as dots.

const SCALE = 2; // pixels of the picture along a site

// `colours` of sites at rest, of sites that remember, and of excitons; the dots have dark rims.
export function drawLattice(canvas, picture, size, colours) {
  const small = new OffscreenCanvas(size, size);
  const context = small.getContext("2d");
  const image = context.createImageData(size, size);
  const pixels = new Uint32Array(image.data.buffer);
  const shades = [pixel(colours.at_rest), pixel(colours.remembers), pixel(colours.remembers)];
  const dots = [];
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = shades[picture[i]];
    if (picture[i] === 2) dots.push([(i % size) + 0.5, Math.floor(i / size) + 0.5]);
  }
  context.putImageData(image, 0, 0);
  canvas.width = canvas.height = SCALE * size;
  const large = canvas.getContext("2d");
  large.imageSmoothingEnabled = false;
  large.drawImage(small, 0, 0, canvas.width, canvas.height);
  large.fillStyle = colours.exciton;
  large.strokeStyle = "#000";
  large.beginPath();
  for (const [x, y] of dots) {
    large.moveTo(SCALE * x + 4, SCALE * y);
    large.arc(SCALE * x, SCALE * y, 4, 0, 2 * Math.PI);
  }
  large.fill();
  large.stroke();
  return dots.length;
}

// A circle of the spot's full width at half maximum, and a bar of a length in nm.
export function drawScale(canvas, size, spacing_nm, spot_fwhm_nm, bar_nm) {
  const context = canvas.getContext("2d");
  const perNm = SCALE / spacing_nm;
  context.strokeStyle = context.fillStyle = "#000";
  context.lineWidth = 1.5;
  context.setLineDash([6, 5]);
  context.beginPath();
  context.arc(canvas.width / 2, canvas.height / 2, (spot_fwhm_nm / 2) * perNm, 0, 2 * Math.PI);
  context.stroke();
  context.setLineDash([]);
  context.fillRect(16, canvas.height - 20, bar_nm * perNm, 5);
  context.font = "22px sans-serif";
  context.fillText(`${bar_nm} nm`, 16, canvas.height - 28);
}

// Red, green, blue and full opacity in one number, red in the lowest byte.
function pixel(colour) {
  const number = Number.parseInt(colour.slice(1), 16);
  const swapped = ((number & 255) << 16) | (number & 0xff00) | (number >> 16);
  return (swapped | 0xff000000) >>> 0;
}
