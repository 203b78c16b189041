"""The published DDN algorithm (all K outputs, the nearest kept) in PyTorch, on the 17-layer net of src/eval/bench.ts."""
import torch,time,sys,os
from torch import nn
import torch.nn.functional as F
torch.set_num_threads(2)
N=int(os.environ.get('N',64));K=int(os.environ.get('K',64));CI=1
CH={1:64,2:64,4:64,8:64,16:32,32:32};BL={1:1,2:2,4:2,8:4,16:4,32:4}
class Blk(nn.Module):
    def __init__(s,C,first,proj):
        super().__init__()
        s.proj=nn.Conv2d(proj,C,1,bias=False) if proj else None
        s.wp=nn.Conv2d(CI,C,1,bias=False) if not first else None
        s.g0=nn.GroupNorm(4,C);s.g1=nn.GroupNorm(4,C)
        s.c0=nn.Conv2d(C,C,3,padding=1,bias=False);s.c1=nn.Conv2d(C,C,3,padding=1,bias=False)
        s.ddl=nn.Conv2d(C,K*CI,1,bias=False)
class Net(nn.Module):
    def __init__(s):
        super().__init__();s.b=nn.ModuleList();s.f0=nn.Parameter(torch.randn(1,CH[1],1,1));first=True
        for r in CH:
            for b in range(BL[r]):
                s.b.append(Blk(CH[r],first,CH[r//2] if (b==0 and r>1 and CH[r]!=CH[r//2]) else None));first=False
    def forward(s,x):
        f=s.f0.expand(len(x),-1,-1,-1);pred=None;i=0;losses=[]
        for r in CH:
            t=F.interpolate(x,(r,r),mode='area') if r<32 else x
            for b in range(BL[r]):
                m=s.b[i];i+=1
                if b==0 and r>1:
                    f=F.interpolate(f,scale_factor=2,mode='nearest');pred=F.interpolate(pred,scale_factor=2,mode='nearest')
                    if m.proj: f=m.proj(f)
                if pred is not None: f=f+m.wp(pred)
                h=m.c0(F.silu(m.g0(f)));h=m.c1(F.silu(m.g1(h)));f=(f+h)*.7071
                out=m.ddl(f).reshape(len(x),K,CI,r,r)
                if pred is not None: out=out+pred[:,None]
                with torch.no_grad(): idx=((out-t[:,None])**2).mean((2,3,4)).argmin(1)
                pred=out[torch.arange(len(x)),idx];losses.append(((pred-t)**2).mean())
        return losses
import numpy as np,resource
def idx(p): # MNIST images, padded to 32x32, in [-1,1]
    a=np.frombuffer(open(p,'rb').read(),np.uint8,offset=16).reshape(-1,28,28).astype(np.float32)/127.5-1
    o=-np.ones((len(a),1,32,32),np.float32);o[:,0,2:30,2:30]=a;return torch.from_numpy(o)
torch.manual_seed(0);net=Net();opt=torch.optim.Adam(net.parameters(),1e-3)
D=os.environ.get('MNIST')
if not D:
    x=torch.rand(N,CI,32,32)*2-1;ts=[]
    for it in range(int(os.environ.get('STEPS',8))):
        a=time.perf_counter();ls=net(x);loss=sum(ls)/len(ls);opt.zero_grad();loss.backward();opt.step();ts.append((time.perf_counter()-a)*1e3)
    ts=sorted(ts[1:])
    print('params',sum(p.numel() for p in net.parameters()),'median',ts[len(ts)//2],'ms',N/ts[len(ts)//2]*1e3,'img/s','rss MB',resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1e3);sys.exit()
# quality run: MNIST=folder of raw idx files, MINUTES wall minutes, with Split-and-Prune (the paper's rule, decayed never)
tr=idx(D+'/train-images-idx3-ubyte');te=idx(D+'/t10k-images-idx3-ubyte');counts=[torch.zeros(K) for _ in net.b]
def forward(x,train):
    f=net.f0.expand(len(x),-1,-1,-1);pred=None;i=0;losses=[]
    for r in CH:
        t=F.interpolate(x,(r,r),mode='area') if r<32 else x
        for b in range(BL[r]):
            m=net.b[i]
            if b==0 and r>1:
                f=F.interpolate(f,scale_factor=2,mode='nearest');pred=F.interpolate(pred,scale_factor=2,mode='bilinear')
                if m.proj: f=m.proj(f)
            if pred is not None: f=f+m.wp(pred)
            h=m.c0(F.silu(m.g0(f)));h=m.c1(F.silu(m.g1(h)));f=(f+h)*.7071
            out=m.ddl(f).reshape(len(x),K,CI,r,r)
            if pred is not None: out=out+pred[:,None]
            with torch.no_grad():
                idx_=((out-t[:,None])**2).mean((2,3,4)).argmin(1)
                if train:
                    counts[i]+=torch.bincount(idx_,minlength=K)
                    if np.random.rand()<0.05: idx_=torch.randint(0,K,(len(x),))
            pred=out[torch.arange(len(x)),idx_];losses.append(((pred-t)**2).mean());i+=1
    return losses
def split_prune():
    for i,m in enumerate(net.b):
        c=counts[i]
        if c.sum()<100: continue
        s,d=int(c.argmax()),int(c.argmin());tot=c.sum()
        if c[s]/tot>2/K or c[d]/tot<0.5/K:
            w=m.ddl.weight
            with torch.no_grad():
                w[d*CI:(d+1)*CI]=w[s*CI:(s+1)*CI]
                for v in opt.state.get(w,{}).values():
                    if torch.is_tensor(v) and v.shape==w.shape: v[d*CI:(d+1)*CI]=v[s*CI:(s+1)*CI]
            c[d]=c[s]/2;c[s]=c[s]/2
T=float(os.environ.get('MINUTES',20))*60;t0=time.time();nxt=120;it=0
while time.time()-t0<T:
    x=tr[torch.randint(0,len(tr),(N,))];ls=forward(x,True);loss=sum(ls)/len(ls);opt.zero_grad();loss.backward();opt.step();split_prune();it+=1
    el=time.time()-t0
    for g in opt.param_groups: g['lr']=1e-3*min(1,it/50)*(1 if el<.7*T else max(0,(T-el)/(.3*T)))
    if el>nxt or el>=T:
        nxt+=120
        with torch.no_grad(): e=np.mean([forward(te[j:j+100],False)[-1].item() for j in range(0,2000,100)])
        print('sec %.0f step %d images %d test mse %.5f dead %d of %d'%(el,it,it*N,e,sum(int((c<1).sum()) for c in counts),K*len(counts)),flush=True)
